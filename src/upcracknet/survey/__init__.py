"""From a result folder to a survey: where each photo is, what each stretch of road has, layers for maps."""
