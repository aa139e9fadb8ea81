import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { ServiceBinding } from "../implement.ts";

/** Stands in for another service as far as a test needs it; its other methods answer UNIMPLEMENTED. */
export function standIn<Desc extends DescService>(service: Desc, impl: Partial<ServiceImpl<Desc>>): ServiceBinding {
  return { service, impl: impl as Partial<ServiceImpl<DescService>> };
}
