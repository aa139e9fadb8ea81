import { type ChannelOptions, experimental, status } from "@grpc/grpc-js";

/** How a service answers that cannot work. Refusals, and calls that their callers gave up, say nothing about it. */
const FAILURES: ReadonlySet<status> = new Set([status.UNKNOWN, status.INTERNAL, status.UNAVAILABLE, status.DATA_LOSS]);

/** As a service config names it. */
export const REFUSAL_BLIND = "cadre_refusal_blind";

type ChildConfig = experimental.TypedLoadBalancingConfig;

/** `{ "child_policy": [...] }`, as the policies of gRPC have it. */
class RefusalBlindConfig implements experimental.TypedLoadBalancingConfig {
  readonly child: ChildConfig;

  constructor(child: ChildConfig) {
    this.child = child;
  }

  static createFromJson(json: { child_policy?: Parameters<typeof experimental.selectLbConfigFromList>[0] }) {
    const child = experimental.selectLbConfigFromList(json.child_policy ?? []);
    if (!child) throw new Error(`${REFUSAL_BLIND} needs a child_policy that is known`);
    return new RefusalBlindConfig(child);
  }

  getLoadBalancerName(): string {
    return REFUSAL_BLIND;
  }

  toJsonObject(): object {
    return { [REFUSAL_BLIND]: { child_policy: [this.child.toJsonObject()] } };
  }
}

/**
 * Tells the policy below it of every call that was answered, if only with a refusal, that it went well. gRPC's outlier
 * detection counts all but OK as failures: one caller who asks for what is not there, often enough, would have half of the
 * replicas left out.
 */
class RefusalBlindBalancer implements experimental.LoadBalancer {
  readonly #child: experimental.ChildLoadBalancerHandler;

  constructor(helper: experimental.ChannelControlHelper) {
    const updateState: typeof helper.updateState = (state, picker, message) =>
      helper.updateState(state, { pick: (args) => blindToRefusals(picker.pick(args)) }, message);
    this.#child = new experimental.ChildLoadBalancerHandler(
      experimental.createChildChannelControlHelper(helper, { updateState }),
    );
  }

  updateAddressList(
    endpoints: experimental.StatusOr<experimental.Endpoint[]>,
    config: experimental.TypedLoadBalancingConfig,
    options: ChannelOptions,
    note: string,
  ): boolean {
    if (!(config instanceof RefusalBlindConfig)) return false;
    return this.#child.updateAddressList(endpoints, config.child, options, note);
  }

  exitIdle(): void {
    this.#child.exitIdle();
  }

  resetBackoff(): void {
    this.#child.resetBackoff();
  }

  destroy(): void {
    this.#child.destroy();
  }

  getTypeName(): string {
    return REFUSAL_BLIND;
  }
}

function blindToRefusals(picked: experimental.PickResult): experimental.PickResult {
  const { onCallEnded } = picked;
  if (onCallEnded === null) return picked;
  return {
    ...picked,
    onCallEnded: (code, details, metadata) => onCallEnded(FAILURES.has(code) ? code : status.OK, details, metadata),
  };
}

experimental.registerLoadBalancerType(REFUSAL_BLIND, RefusalBlindBalancer, RefusalBlindConfig);
