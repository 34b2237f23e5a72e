"""The methods: networks, losses, samplers, predictors. They know no environment by name."""
