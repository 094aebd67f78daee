using DepinGrains.Storage.Tests.Failures;
using Xunit.Runner.InProc.SystemConsole;

return await WriterProcess.EnterAsync() ? 0 : await ConsoleRunner.Run(args);
