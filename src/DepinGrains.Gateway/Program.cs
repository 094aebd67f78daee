return await DepinGrains.Gateway.Hosting.GatewayProgram.RunAsync(args);
