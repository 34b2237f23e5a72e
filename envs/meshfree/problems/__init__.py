"""Problems by name: each a file in the language that users write, ``<name>.toml`` in this folder."""
