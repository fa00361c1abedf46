/** Runs before each file of tests. Files share a process and what is under node_modules, which takes longest to load; our own modules
 *  each file loads anew, so that what one leaves in them no other one finds. */
import { vi } from 'vitest';

vi.resetModules();
