System.Console.WriteLine("DepinGrains.Agent");
