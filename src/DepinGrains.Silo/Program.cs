return await DepinGrains.Silo.Hosting.SiloProgram.RunAsync(args);
