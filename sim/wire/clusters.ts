/** Clusters as EKS and their own API servers show them. */

/** A cluster as its owner set it up. */
export interface EksCluster {
  readonly name: string;
  readonly vpcId: string;
  readonly ipFamily: 'ipv4' | 'ipv6';
  /** EKS Auto Mode: `computeConfig.enabled`. */
  readonly autoMode: boolean;
  /** The vpc-cni add-on; absent when the CNI was installed by hand. */
  readonly addon?: { readonly version: string; readonly configurationValues?: string };
  /** What its API server shows; absent in a world without one. */
  readonly kubernetes?: KubeCluster;
  /** However its nodes are launched: EKS knows the managed ones. */
  readonly groups?: readonly EksNodeGroup[];
}

export interface EksNodeGroup {
  readonly name: string;
  readonly launchedBy: string;
  readonly type: string;
  readonly desired: number;
  readonly subnetIds: readonly string[];
  readonly options: { readonly autoscale?: { readonly most?: number } };
}

export interface KubeTaint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

export interface KubeCluster {
  /** `private`: those outside its VPC get no connection. `stranger`: it has no access entry for who asks. */
  readonly access: 'public' | 'private' | 'stranger';
  /** Virtual ms, `toMs` excluded: whoever asks then gets no connection. */
  readonly outages: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Rules that are missing: `patch nodes`. */
  readonly denied: ReadonlySet<string>;
  nodes(): readonly {
    readonly name: string;
    readonly providerId: string;
    /** Virtual ms. */
    readonly joinedAtMs: number;
    /** Virtual ms; absent while it is not Ready. */
    readonly readySinceMs?: number;
    readonly taints: readonly KubeTaint[];
    /** kubelet's, those on the host's network included. */
    readonly maxPods: number;
  }[];
  pods(): readonly {
    readonly namespace: string;
    readonly name: string;
    readonly nodeName: string | undefined;
    readonly hostNetwork: boolean;
    readonly phase: 'Pending' | 'Running' | 'Succeeded';
    readonly ip: string | undefined;
    readonly ending: boolean;
  }[];
  deployments(): readonly {
    readonly namespace: string;
    readonly name: string;
    readonly replicas: number;
    readonly strategy: 'Recreate' | { readonly maxSurge?: unknown; readonly maxUnavailable?: unknown };
    readonly terminationGraceSeconds: number;
    /** Pods that are ready. */
    readonly ready: number;
  }[];
  /** Of a Deployment that is there. */
  scale(namespace: string, name: string, replicas: number): void;
  setTaints(node: string, taints: readonly KubeTaint[]): void;
}
