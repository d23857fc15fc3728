// PlumbModels
