// One import for everything: `import Plumbline`.
@_exported public import PlumbAlignment
@_exported public import PlumbBasics
@_exported public import PlumbData
@_exported public import PlumbExperiments
@_exported public import PlumbGovernance
@_exported public import PlumbFoundations
@_exported public import PlumbInterpretability
@_exported public import PlumbJinja
@_exported public import PlumbLearning
@_exported public import PlumbLinearAlgebra
@_exported public import PlumbModels
@_exported public import PlumbNN
@_exported public import PlumbRecords
@_exported public import PlumbReport
@_exported public import PlumbTensor
@_exported public import PlumbTokenizers
@_exported public import PlumbWorlds
