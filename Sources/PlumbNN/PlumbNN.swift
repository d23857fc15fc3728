// PlumbNN
