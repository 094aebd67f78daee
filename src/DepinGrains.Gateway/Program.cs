System.Console.WriteLine("DepinGrains.Gateway");
