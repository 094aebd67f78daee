System.Console.WriteLine("DepinGrains.Cli");
