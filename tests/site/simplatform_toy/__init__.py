"""A small third-party plugin: a point that has to reach a goal, its expert, and policies that can be told to fail."""
