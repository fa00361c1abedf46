/** What our own events are called. */
export const OUR_SOURCE = 'eks-ip-prewarmer';
/** A pipeline says which pods come. */
export const ANNOUNCED = 'Deployment Announced';
/** A person lets a wave go that is held. */
export const APPROVED = 'Wave Approved';
/** A schedule of the policy fires. */
export const DUE = 'Prewarm Due';
/** Our own message to ourselves. */
export const CONTINUATION = 'Prewarm Continuation';
