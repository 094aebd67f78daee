// The tests start real processes, change PATH and watch the process list: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
