using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("DepinGrains.Storage.Tests")]
