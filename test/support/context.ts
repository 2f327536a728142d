import { defaultConfig } from '../../src/config/defaults.ts'
import type { DecisionContext } from '../../src/inject/context.ts'

/** A cluster as most are: a recent version, an enabled namespace called shop, locks available. */
export const context: DecisionContext = {
  config: defaultConfig,
  namespace: { name: 'shop', labels: { 'usher.dev/inject': 'enabled' }, annotations: {} },
  kubeVersion: { major: 1, minor: 37 },
  lockAvailable: true,
}
