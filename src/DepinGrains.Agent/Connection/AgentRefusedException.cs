namespace DepinGrains.Agent.Connection;

/// <summary>The network said "do not come back" (retired, replaced by a newer session, join token used up). The agent ends; its workloads go on.</summary>
public sealed class AgentRefusedException : Exception
{
    /// <summary>Makes one.</summary>
    public AgentRefusedException(string code, string detail)
        : base($"{code}: {detail}") => Code = code;

    /// <summary>Stable code of the refusal.</summary>
    public string Code { get; }
}
