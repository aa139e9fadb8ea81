import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";

/** A service of a contract with what answers its calls; servers of every kind mount it. */
export interface ServiceBinding {
  service: DescService;
  impl: Partial<ServiceImpl<DescService>>;
  /** Needs no token and no policy in its contract: health and reflection. */
  open?: boolean;
}

/** Binds all methods of a service; the types refuse an implementation that leaves one out. */
export function implement<Desc extends DescService>(service: Desc, impl: ServiceImpl<Desc>): ServiceBinding {
  return { service, impl: impl as Partial<ServiceImpl<DescService>> };
}
