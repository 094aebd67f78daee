// Gateways as processes of their own come with the Kubernetes work; until then every gateway is in standalone.
await Console.Error.WriteLineAsync("depin-gateway: gateways as separate processes need the Orleans build and are not part of this version; run DepinGrains.Standalone");
return 78;
