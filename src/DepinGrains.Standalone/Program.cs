System.Console.WriteLine("DepinGrains.Standalone");
