// PlumbExperiments
