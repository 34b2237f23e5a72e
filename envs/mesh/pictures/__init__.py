"""Pictures of meshes, fields and errors: figures, panels, films and the report's section."""
