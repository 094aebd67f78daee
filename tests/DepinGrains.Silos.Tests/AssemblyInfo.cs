// One network of processes at a time: two would share addresses, and each other's CPU.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
