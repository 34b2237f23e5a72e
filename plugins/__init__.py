"""Built-in plugins: one small file each, entered through the same entry-point group as anyone's."""
