"""Building blocks that several families share: encoders, U-Nets, structured matrices, normalisation."""
