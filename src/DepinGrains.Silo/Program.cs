System.Console.WriteLine("DepinGrains.Silo");
