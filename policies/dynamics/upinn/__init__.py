"""UPINN: what is not known of a right-hand side, learned from few noisy points and read off as a formula."""
