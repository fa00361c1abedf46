/**
 * The part of a node that runs pods: asks ipamd for an address until it gets one, pulls the image once, starts the
 * container, tells when it is ready, and ends it when asked.
 */
import type { Stream } from '../chance.ts';
import type { Ipamd } from '../ipamd/ipamd.ts';
import { type Kernel, RANK } from '../kernel.ts';
import { KUBELET_RETRY } from '../latencies.ts';
import type { Pod } from './pod.ts';

export interface KubeletOptions {
  readonly kernel: Kernel;
  readonly ipamd: Ipamd;
  /** Draws the pauses between two tries. */
  readonly retries: Stream;
  /** Ids of pod sandboxes. */
  readonly sandboxes: Stream;
  /** How long containers of one image differ in their times. */
  readonly containers: Stream;
  /** A pod slot became free. */
  readonly freed: () => void;
}

/** containerd's and the plugin's words around the CNI's own (containerd CRI; amazon-vpc-cni-k8s v1.23.1, cmdAdd). */
const sandboxFailure = (sandbox: string): string =>
  `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "${sandbox}": ` +
  'plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container';

/** 64 hexadecimal digits, eight at a time: there are many thousands of them. */
const sandboxId = (stream: Stream): string =>
  Array.from({ length: 8 }, () =>
    Math.floor(stream.next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');

export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #pods = new Set<Pod>();
  /** By image, when its pull ends or ended. */
  readonly #images = new Map<string, number>();
  #addresses = 0;
  #dead = false;

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  get pods(): ReadonlySet<Pod> {
    return this.#pods;
  }

  /** Pods here that hold an address. */
  get addresses(): number {
    return this.#addresses;
  }

  run(pod: Pod): void {
    this.#pods.add(pod);
    pod.askedAtMs = this.#options.kernel.nowMs;
    this.#ask(pod);
  }

  #ask(pod: Pod): void {
    if (!this.#stillWanted(pod)) return;
    const { kernel, ipamd, retries, sandboxes } = this.#options;
    const added = ipamd.addPod(pod.name);
    if (added.ok) {
      pod.ip = added.ip;
      pod.gotAddressAtMs = kernel.nowMs;
      this.#addresses++;
      this.#pull(pod);
      return;
    }
    pod.failedRequests++;
    pod.record(kernel.nowMs, 'Warning', 'FailedCreatePodSandBox', sandboxFailure(sandboxId(sandboxes)));
    kernel.after(retries.from(KUBELET_RETRY), () => this.#ask(pod), RANK.retry);
  }

  /** Pods that want an image being pulled wait for the same pull. EKS's nodes pull several images at a time
   *  (awslabs/amazon-eks-ami, nodeadm: serializeImagePulls false). */
  #pull(pod: Pod): void {
    const { nowMs } = this.#options.kernel;
    const { image, imagePullMs } = pod.template;
    let presentAtMs = this.#images.get(image);
    if (presentAtMs === undefined) {
      presentAtMs = nowMs + imagePullMs;
      this.#images.set(image, presentAtMs);
      if (imagePullMs > 0) pod.record(nowMs, 'Normal', 'Pulling', `Pulling image "${image}"`);
    }
    this.#later(pod, presentAtMs - nowMs, () => {
      if (imagePullMs > 0)
        pod.record(this.#options.kernel.nowMs, 'Normal', 'Pulled', `Image "${image}" is present`);
      this.#started(pod);
    });
  }

  #started(pod: Pod): void {
    const { nowMs } = this.#options.kernel;
    const { readyAfterMs, runMs, spreadMs } = pod.template;
    const longerMs = spreadMs > 0 ? Math.round(this.#options.containers.between(0, spreadMs)) : 0;
    pod.runningAtMs = nowMs;
    pod.record(nowMs, 'Normal', 'Started', 'Started container');
    this.#later(pod, readyAfterMs + longerMs, () => {
      pod.readyAtMs = this.#options.kernel.nowMs;
      pod.owner?.ready(pod);
    });
    if (runMs !== undefined) this.#later(pod, runMs + longerMs, () => this.remove(pod));
  }

  /** The pod is asked to end: its container exits by itself or is killed when its grace is over. One that has no
   *  container yet ends at once. */
  end(pod: Pod): void {
    const { kernel } = this.#options;
    if (!pod.askToEnd(kernel.nowMs)) return;
    const { exitMs, exitSpreadMs, terminationGraceMs } = pod.template;
    if (pod.runningAtMs === undefined) {
      this.remove(pod);
      return;
    }
    pod.record(kernel.nowMs, 'Normal', 'Killing', 'Stopping container');
    const soonerMs = exitSpreadMs > 0 ? Math.round(this.#options.containers.between(0, exitSpreadMs)) : 0;
    const takesMs = Math.min(exitMs - soonerMs, terminationGraceMs);
    if (takesMs === 0) this.remove(pod);
    else kernel.after(takesMs, () => this.remove(pod));
  }

  /** The pod's sandbox is gone: its address cools, its slot is free. */
  remove(pod: Pod): void {
    if (!this.#pods.delete(pod)) return;
    const { kernel, ipamd, freed } = this.#options;
    if (pod.gotAddressAtMs !== undefined) {
      this.#addresses--;
      ipamd.deletePod(pod.name);
    }
    pod.leave(kernel.nowMs);
    freed();
  }

  /** The instance is gone, and with it all its pods at once. */
  die(): void {
    this.#dead = true;
    const lost = [...this.#pods];
    this.#pods.clear();
    this.#addresses = 0;
    for (const pod of lost) pod.leave(this.#options.kernel.nowMs);
  }

  #later(pod: Pod, delayMs: number, run: () => void): void {
    if (delayMs <= 0) run();
    else
      this.#options.kernel.after(delayMs, () => {
        if (this.#stillWanted(pod)) run();
      });
  }

  #stillWanted(pod: Pod): boolean {
    return !this.#dead && pod.alive;
  }
}
