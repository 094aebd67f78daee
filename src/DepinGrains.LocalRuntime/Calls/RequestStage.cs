namespace DepinGrains.LocalRuntime.Calls;

internal enum RequestStage : byte
{
    Made,
    Waiting,
    Running,
    Done,
}
