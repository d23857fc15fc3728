import PlumbCommand

Plumb.main(experiments: [
    CoinBias.self
])
