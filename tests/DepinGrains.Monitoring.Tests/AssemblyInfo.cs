// One network of processes at a time: they would take each other's CPU.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
