//! The console's services, by what people call them.

use crate::message::{Exit, Failure, did_you_mean};

/// A page of the console.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// What it is called, the shortest first.
    pub names: &'static [&'static str],
    /// What AWS calls it.
    pub title: &'static str,
    /// Below the console's host; what follows `#` is the page's own.
    pub path: &'static str,
    /// Whether there is one for all regions of a partition.
    pub is_global: bool,
}

/// The one of this name.
pub(super) fn service(name: &str) -> Result<&'static Service, Failure> {
    let lower = name.to_ascii_lowercase();
    let found = SERVICES.iter().find(|service| service.names.contains(&lower.as_str()));
    found.ok_or_else(|| {
        let names = SERVICES.iter().flat_map(|service| service.names).copied();
        let near = did_you_mean(&lower, "services", names);
        // A hint is a line, and the list is none.
        let hint = if near.starts_with("services: ") {
            "Tab after --service lists them; --destination takes any address of the console".to_owned()
        } else {
            near
        };
        Failure::new(format!("--service {}: awsenv knows no such service", crate::message::shown(name)))
            .hint(hint)
            .exit(Exit::Usage)
    })
}

const fn of(names: &'static [&'static str], title: &'static str, path: &'static str) -> Service {
    Service { names, title, path, is_global: false }
}

const fn global(names: &'static [&'static str], title: &'static str, path: &'static str) -> Service {
    Service { names, title, path, is_global: true }
}

/// All of them.
#[rustfmt::skip]
pub static SERVICES: &[Service] = &[
    of(&["home", "console"], "Console Home", "console/home"),
    of(&["aa", "accessanalyzer"], "IAM Access Analyzer", "access-analyzer/home"),
    global(&["account"], "Account", "billing/home#/account"),
    of(&["acm"], "Certificate Manager", "acm/home"),
    of(&["acmpca", "pca"], "Private Certificate Authority", "acm-pca/home"),
    of(&["amp", "prometheus"], "Managed Service for Prometheus", "prometheus/home"),
    of(&["amplify"], "Amplify", "amplify/home"),
    of(&["apigw", "apigateway"], "API Gateway", "apigateway/main/apis"),
    of(&["appconfig"], "AppConfig", "systems-manager/appconfig/home"),
    of(&["appflow"], "AppFlow", "appflow/home"),
    of(&["appmesh"], "App Mesh", "appmesh/home"),
    of(&["apprunner"], "App Runner", "apprunner/home"),
    of(&["appstream"], "AppStream 2.0", "appstream2/home"),
    of(&["appsync"], "AppSync", "appsync/home"),
    of(&["athena"], "Athena", "athena/home"),
    of(&["asg", "autoscaling"], "Auto Scaling groups", "ec2/home#AutoScalingGroups:"),
    of(&["backup"], "Backup", "backup/home"),
    of(&["batch"], "Batch", "batch/home"),
    of(&["bedrock"], "Bedrock", "bedrock/home"),
    global(&["billing"], "Billing and Cost Management", "billing/home"),
    global(&["budgets"], "Budgets", "billing/home#/budgets"),
    global(&["ce", "costs", "costexplorer"], "Cost Explorer", "cost-management/home"),
    global(&["chatbot"], "Chatbot", "chatbot/home"),
    of(&["c9", "cloud9"], "Cloud9", "cloud9/home"),
    global(&["cf", "cloudfront"], "CloudFront", "cloudfront/v4/home"),
    of(&["cfn", "cloudformation"], "CloudFormation", "cloudformation/home"),
    of(&["cloudhsm"], "CloudHSM", "cloudhsm/home"),
    of(&["cloudmap"], "Cloud Map", "cloudmap/home"),
    of(&["cloudshell"], "CloudShell", "cloudshell/home"),
    of(&["ct", "cloudtrail"], "CloudTrail", "cloudtrailv2/home"),
    of(&["cw", "cloudwatch"], "CloudWatch", "cloudwatch/home"),
    of(&["alarms"], "CloudWatch alarms", "cloudwatch/home#alarmsV2:"),
    of(&["logs"], "CloudWatch Logs", "cloudwatch/home#logsV2:log-groups"),
    of(&["insights", "logsinsights"], "CloudWatch Logs Insights", "cloudwatch/home#logsV2:logs-insights"),
    of(&["metrics"], "CloudWatch metrics", "cloudwatch/home#metricsV2"),
    of(&["xray"], "X-Ray traces", "cloudwatch/home#xray:traces/query"),
    of(&["codeartifact"], "CodeArtifact", "codesuite/codeartifact/start"),
    of(&["cb", "codebuild"], "CodeBuild", "codesuite/codebuild/projects"),
    of(&["cc", "codecommit"], "CodeCommit", "codesuite/codecommit/repositories"),
    of(&["cd", "codedeploy"], "CodeDeploy", "codesuite/codedeploy/applications"),
    of(&["cp", "codepipeline"], "CodePipeline", "codesuite/codepipeline/pipelines"),
    of(&["connections", "codestar"], "Developer Tools connections", "codesuite/settings/connections"),
    of(&["cognito"], "Cognito", "cognito/v2/home"),
    of(&["comprehend"], "Comprehend", "comprehend/home"),
    of(&["optimizer", "computeoptimizer"], "Compute Optimizer", "compute-optimizer/home"),
    of(&["config"], "Config", "config/home"),
    of(&["connect"], "Connect", "connect/v2/app"),
    of(&["controltower"], "Control Tower", "controltower/home"),
    of(&["databrew"], "Glue DataBrew", "databrew/home"),
    of(&["datasync"], "DataSync", "datasync/home"),
    of(&["datazone"], "DataZone", "datazone/home"),
    of(&["detective"], "Detective", "detective/home"),
    of(&["devicefarm"], "Device Farm", "devicefarm/home"),
    of(&["dx", "directconnect"], "Direct Connect", "directconnect/v2/home"),
    of(&["ds", "directoryservice"], "Directory Service", "directoryservicev2/home"),
    of(&["dlm"], "Data Lifecycle Manager", "ec2/home#Lifecycle:"),
    of(&["dms"], "Database Migration Service", "dms/v2/home"),
    of(&["docdb", "documentdb"], "DocumentDB", "docdb/home"),
    of(&["ddb", "dynamodb"], "DynamoDB", "dynamodbv2/home"),
    of(&["ebs", "volumes"], "EBS volumes", "ec2/home#Volumes:"),
    of(&["ec2"], "EC2", "ec2/home"),
    of(&["instances"], "EC2 instances", "ec2/home#Instances:"),
    of(&["ami", "amis"], "EC2 images", "ec2/home#Images:visibility=owned-by-me"),
    of(&["sg", "securitygroups"], "EC2 security groups", "ec2/home#SecurityGroups:"),
    of(&["elb", "loadbalancers"], "Load balancers", "ec2/home#LoadBalancers:"),
    of(&["tg", "targetgroups"], "Target groups", "ec2/home#TargetGroups:"),
    of(&["ecr"], "Elastic Container Registry", "ecr/private-registry/repositories"),
    of(&["ecs"], "Elastic Container Service", "ecs/v2/clusters"),
    of(&["efs"], "Elastic File System", "efs/home"),
    of(&["eks"], "Elastic Kubernetes Service", "eks/clusters"),
    of(&["eb", "beanstalk", "elasticbeanstalk"], "Elastic Beanstalk", "elasticbeanstalk/home"),
    of(&["cache", "elasticache"], "ElastiCache", "elasticache/home"),
    of(&["emr"], "EMR", "emr/home"),
    of(&["eventbridge", "events"], "EventBridge", "events/home"),
    of(&["scheduler"], "EventBridge Scheduler", "scheduler/home"),
    of(&["firehose"], "Data Firehose", "firehose/home"),
    of(&["fis"], "Fault Injection Service", "fis/home"),
    of(&["fms", "firewallmanager"], "Firewall Manager", "wafv2/fmsv2/home"),
    of(&["forecast"], "Forecast", "forecast/home"),
    of(&["fsx"], "FSx", "fsx/home"),
    global(&["ga", "globalaccelerator"], "Global Accelerator", "globalaccelerator/home"),
    of(&["glue"], "Glue", "glue/home"),
    of(&["grafana"], "Managed Grafana", "grafana/home"),
    of(&["gd", "guardduty"], "GuardDuty", "guardduty/home"),
    global(&["health"], "Health Dashboard", "health/home"),
    global(&["iam"], "IAM", "iam/home"),
    global(&["roles"], "IAM roles", "iam/home#/roles"),
    global(&["users"], "IAM users", "iam/home#/users"),
    global(&["policies"], "IAM policies", "iam/home#/policies"),
    of(&["sso", "identitycenter"], "IAM Identity Center", "singlesignon/home"),
    of(&["imagebuilder"], "EC2 Image Builder", "imagebuilder/home"),
    of(&["inspector"], "Inspector", "inspector/v2/home"),
    of(&["iot"], "IoT Core", "iot/home"),
    of(&["kendra"], "Kendra", "kendra/home"),
    of(&["keyspaces", "cassandra"], "Keyspaces", "keyspaces/home"),
    of(&["kinesis"], "Kinesis", "kinesis/home"),
    of(&["flink", "kinesisanalytics"], "Managed Service for Apache Flink", "flink/home"),
    of(&["kms"], "Key Management Service", "kms/home"),
    of(&["lf", "lakeformation"], "Lake Formation", "lakeformation/home"),
    of(&["l", "lambda"], "Lambda", "lambda/home"),
    of(&["lex"], "Lex", "lexv2/home"),
    global(&["licenses", "licensemanager"], "License Manager", "license-manager/home"),
    global(&["lightsail"], "Lightsail", "ls/webapp/home"),
    of(&["location"], "Location Service", "location/home"),
    of(&["macie"], "Macie", "macie/home"),
    of(&["mediaconvert"], "MediaConvert", "mediaconvert/home"),
    of(&["memorydb"], "MemoryDB", "memorydb/home"),
    of(&["mgn"], "Application Migration Service", "mgn/home"),
    of(&["mq"], "MQ", "amazon-mq/home"),
    of(&["msk", "kafka"], "Managed Streaming for Apache Kafka", "msk/home"),
    of(&["mwaa", "airflow"], "Managed Apache Airflow", "mwaa/home"),
    of(&["neptune"], "Neptune", "neptune/home"),
    of(&["networkfirewall"], "Network Firewall", "vpcconsole/home#NetworkFirewalls:"),
    of(&["aos", "opensearch", "es"], "OpenSearch Service", "aos/home"),
    global(&["org", "organizations"], "Organizations", "organizations/v2/home"),
    of(&["param", "parameters", "ps"], "Parameter Store", "systems-manager/parameters"),
    of(&["pinpoint"], "Pinpoint", "pinpoint/home"),
    of(&["pipes"], "EventBridge Pipes", "events/home#/pipes"),
    of(&["polly"], "Polly", "polly/home"),
    of(&["quotas", "servicequotas"], "Service Quotas", "servicequotas/home"),
    of(&["ram"], "Resource Access Manager", "ram/home"),
    of(&["rds"], "RDS", "rds/home"),
    of(&["redshift"], "Redshift", "redshiftv2/home"),
    of(&["rekognition"], "Rekognition", "rekognition/home"),
    of(&["resilience", "resiliencehub"], "Resilience Hub", "resiliencehub/home"),
    of(&["explorer", "resourceexplorer"], "Resource Explorer", "resource-explorer/home"),
    of(&["rg", "resourcegroups"], "Resource Groups", "resource-groups/home"),
    global(&["r53", "route53"], "Route 53", "route53/v2/home"),
    global(&["zones", "hostedzones"], "Route 53 hosted zones", "route53/v2/hostedzones"),
    of(&["resolver"], "Route 53 Resolver", "route53resolver/home"),
    of(&["rolesanywhere"], "IAM Roles Anywhere", "rolesanywhere/home"),
    of(&["s3"], "S3", "s3/home"),
    of(&["sagemaker"], "SageMaker", "sagemaker/home"),
    global(&["savingsplans"], "Savings Plans", "cost-management/home#/savings-plans/inventory"),
    of(&["sm", "secrets", "secretsmanager"], "Secrets Manager", "secretsmanager/listsecrets"),
    of(&["sh", "securityhub"], "Security Hub", "securityhub/home"),
    of(&["sc", "servicecatalog"], "Service Catalog", "servicecatalog/home"),
    of(&["ses"], "Simple Email Service", "ses/home"),
    of(&["shield"], "Shield", "wafv2/shieldv2"),
    of(&["signer"], "Signer", "signer/home"),
    of(&["sns"], "Simple Notification Service", "sns/v3/home"),
    of(&["sqs"], "Simple Queue Service", "sqs/v3/home"),
    of(&["ssm", "systemsmanager"], "Systems Manager", "systems-manager/home"),
    of(&["sessions", "sessionmanager"], "Session Manager", "systems-manager/session-manager"),
    of(&["sfn", "states", "stepfunctions"], "Step Functions", "states/home"),
    of(&["storagegateway"], "Storage Gateway", "storagegateway/home"),
    global(&["support"], "Support Center", "support/home"),
    global(&["tags", "tageditor"], "Tag Editor", "resource-groups/tag-editor/find-resources"),
    of(&["textract"], "Textract", "textract/home"),
    of(&["timestream"], "Timestream", "timestream/home"),
    of(&["transcribe"], "Transcribe", "transcribe/home"),
    of(&["transfer"], "Transfer Family", "transfer/home"),
    of(&["translate"], "Translate", "translate/home"),
    global(&["ta", "trustedadvisor"], "Trusted Advisor", "trustedadvisor/home"),
    of(&["vpc"], "VPC", "vpcconsole/home"),
    of(&["subnets"], "VPC subnets", "vpcconsole/home#subnets:"),
    of(&["tgw", "transitgateways"], "Transit gateways", "vpcconsole/home#TransitGateways:"),
    of(&["endpoints"], "VPC endpoints", "vpcconsole/home#Endpoints:"),
    of(&["waf"], "WAF", "wafv2/homev2"),
    of(&["wellarchitected"], "Well-Architected Tool", "wellarchitected/home"),
    of(&["workspaces"], "WorkSpaces", "workspaces/v2/home"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_name_means_one_service_and_each_path_is_one_of_the_console() {
        let names: Vec<_> = SERVICES.iter().flat_map(|service| service.names).collect();
        let once: BTreeSet<_> = names.iter().collect();
        assert_eq!(once.len(), names.len());
        assert!(SERVICES.len() >= 120, "{}", SERVICES.len());
        for Service { names, path, .. } in SERVICES {
            let is_name = |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            assert!(!names.is_empty() && names.iter().all(is_name), "{names:?}");
            let page = path.split('#').next().unwrap();
            let plain = page.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-".contains(&b));
            assert!(plain && !page.starts_with('/') && path.matches('#').count() <= 1, "{path}");
        }
    }

    #[test]
    fn a_service_has_many_names_and_a_slip_is_told() {
        for (name, path) in [
            ("s3", "s3/home"),
            ("CW", "cloudwatch/home"),
            ("ddb", "dynamodbv2/home"),
            ("cloudformation", "cloudformation/home"),
        ] {
            assert_eq!(service(name).unwrap().path, path);
        }
        let hint = |name| service(name).unwrap_err().hint.unwrap();
        assert_eq!(hint("lamda"), "did you mean `lambda`?");
        assert!(hint("nothing-like-it").starts_with("Tab after --service"));
    }
}
