// PlumbData
