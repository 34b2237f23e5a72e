"""Robot manipulation in MuJoCo: Meta-World tasks, point clouds by ray casting or depth rendering, scripted experts."""
