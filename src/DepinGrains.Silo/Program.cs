// Silos as processes of their own come with the Kubernetes work; until then every host of grains is standalone.
await Console.Error.WriteLineAsync("depin-silo: silos as separate processes need the Orleans build and are not part of this version; run DepinGrains.Standalone");
return 78;
