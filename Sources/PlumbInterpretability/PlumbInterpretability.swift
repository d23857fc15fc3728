// PlumbInterpretability
