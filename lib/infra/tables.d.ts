import { type ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
export interface TablesProps {
    /** Name of the budget table of another stack of this account and Region, to share. */
    readonly budgetTable: string | undefined;
}
/** What outlives a function: the ledger remembers promises and deeds; the budget counts EC2 requests. */
export declare class Tables extends Construct {
    readonly ledger: Table;
    readonly budget: Pick<ITable, 'tableName' | 'tableArn'>;
    constructor(scope: Construct, id: string, { budgetTable }: TablesProps);
}
