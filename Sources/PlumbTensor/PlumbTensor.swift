// PlumbTensor
