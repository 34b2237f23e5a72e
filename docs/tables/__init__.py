"""What the pages show of committed results, one module a family; ``results`` writes them."""
