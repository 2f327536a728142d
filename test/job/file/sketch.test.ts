import { readFileSync } from 'node:fs'
import t from 'tap'
import { read } from '../../support/job-file.ts'

const sketch = readFileSync(new URL('sketch.yaml', import.meta.url), 'utf8')

t.test('the example of the sketch is read as it stands', async (t) => {
  const variable = (name: string, value: string) => ({ name, value })
  t.strictSame(read(sketch), {
    jobs: [
      {
        name: 'simple-webapp',
        instances: 3,
        containers: [
          {
            name: 'app',
            image: 'web-app-image',
            command: ['bin/rails', 's', '--restart'],
            environment: [variable('DATABASE_URL', 'postgresql://webapp:webapp@localhost/webapp')],
            memory: { bytes: 2 * 1_024 ** 3, written: '2G' },
            healthcheck: {
              check: { type: 'http', port: 3_000, path: '/healthcheck', expect: '200' },
              timeoutSeconds: 30,
              intervalSeconds: 60,
              startIntervalSeconds: 5,
              startPeriodSeconds: 0,
              healthyThreshold: 2,
              unhealthyThreshold: 2,
            },
            stopGraceSeconds: 10,
            restart: { policy: 'always' },
            ports: [{ port: 80, target: 3_000, protocol: 'TCP', isHostPort: false }],
            dependsOn: [{ container: 'db', condition: 'started' }],
            volumes: [
              { type: 'shared', name: 'app-data-shared', path: '/data/shared', space: { bytes: 1_024 ** 3, written: '1G' }, isReadOnly: false, oneNode: false },
              { type: 'local', name: 'app-data-scratch', path: '/data/scratch', space: { bytes: 100 * 1_024 ** 2, written: '100M' }, isReadOnly: false, isEnforced: false },
            ],
          },
          {
            name: 'db',
            image: 'postgres:13',
            environment: [variable('POSTGRES_USER', 'webapp'), variable('POSTGRES_PASSWORD', 'webapp'), variable('POSTGRES_DB', 'webapp')],
            memory: { bytes: 4 * 1_024 ** 3, written: '4G' },
            stopGraceSeconds: 10,
            restart: { policy: 'always' },
            ports: [],
            dependsOn: [],
            volumes: [{ type: 'local', name: 'db-var-lib-postgresql-data', path: '/var/lib/postgresql/data', space: { bytes: 10 * 1_024 ** 3, written: '10G' }, isReadOnly: false, isEnforced: false }],
          },
        ],
        dependsOn: [],
        update: { order: 'start-first', rollback: true },
        reallocateAfterSeconds: 30,
        startupLock: { isEnabled: true },
        hasEnvoy: false,
        files: [],
      },
    ],
    places: [{ line: 1, column: 7 }],
    warnings: [],
  })
})
