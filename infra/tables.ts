import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type ITable, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';

export interface TablesProps {
  /** Name of the budget table of another stack of this account and Region, to share. */
  readonly budgetTable: string | undefined;
}

/** What outlives a function: the ledger remembers promises and deeds; the budget counts EC2 requests. */
export class Tables extends Construct {
  readonly ledger: Table;
  readonly budget: Pick<ITable, 'tableName' | 'tableArn'>;

  constructor(scope: Construct, id: string, { budgetTable }: TablesProps) {
    super(scope, id);
    const common = {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      // Bursts: nothing for hours, then hundreds of nodes in a minute.
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Both go with the stack: the ledger's items expire anyway, and a sweep rebuilds what matters from the world; token
      // buckets are full again within seconds.
      removalPolicy: RemovalPolicy.DESTROY,
    };
    this.ledger = new Table(this, 'Ledger', {
      ...common,
      sortKey: { name: 'sk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
    });
    // EC2 counts the account's requests, so all stacks of an account and Region count in one table (its item names both).
    this.budget =
      budgetTable === undefined
        ? new Table(this, 'Budget', common)
        : Table.fromTableName(this, 'SharedBudget', budgetTable);
  }
}
