"""How configuration files are read: shapes, mistakes, and the way from a shape to a specification."""
