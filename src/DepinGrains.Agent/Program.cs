using DepinGrains.Agent;
using DepinGrains.Agent.Hello;

// The sample server stands alone: inside another host's folder the libraries of the other commands may be missing, and nothing of them may be loaded here.
return args is ["hello", ..] ? await HelloCommand.RunAsync(args[1..]) : await AgentCommands.RunAsync(args);
