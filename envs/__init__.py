"""The problems: Gymnasium environments, their experts and their solvers. They know no method by name."""
