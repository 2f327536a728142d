import type { InjectConfig } from '../inject/context.ts'

/** What holds where the configuration file says nothing. Times are whole seconds. */
export const defaultConfig: InjectConfig = {
  systemNamespace: 'usher-system',
  // 10 s is what nap sleeps without an argument.
  nap: { enabled: true, seconds: 10, method: 'auto' },
  lock: {
    enabled: true,
    image: 'usher-wait:0.1.0',
    imagePullPolicy: 'IfNotPresent',
    port: 8888,
    leaseSeconds: 120,
    // Below helm's own timeout of 300 s.
    maxWaitSeconds: 240,
    weight: 1,
    position: 'first',
    runtimeClasses: [],
    token: false,
    dependsOn: '',
  },
  // 540 s stays below a Deployment's default progress deadline of 600 s.
  limits: { napSeconds: 300, leaseSeconds: 900, maxWaitSeconds: 540, weight: 16, dependsOnSeconds: 3_600 },
}
