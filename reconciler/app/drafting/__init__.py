"""The use case behind `reconciler init --from-sources`: asks both stores just enough to guess a configuration."""
