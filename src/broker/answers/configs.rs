//! `DescribeConfigs`, and the parsing of a new topic's configs.

mod ignored;

use super::Broker;
use crate::broker::cluster::TopicSettings;
use crate::broker::log::{Refusal, TimestampType};
use crate::error::ErrorCode;
use crate::protocol::{
    ApiKey, CreatableTopicConfig, DescribeConfigsRequest, DescribeConfigsResourceResult,
    DescribeConfigsResponse, DescribeConfigsResult,
};

const INVALID_CONFIG: ErrorCode = ErrorCode(40);

/// `ConfigResource.Type` of a topic.
const TOPIC: i8 = 2;

pub(in crate::broker) fn topic_settings(
    configs: &[CreatableTopicConfig],
) -> Result<TopicSettings, Refusal> {
    let mut settings = TopicSettings::default();
    for config in configs {
        let Some(value) = config.value.as_deref() else {
            let message = format!("{} has no value: leave it out for the default", config.name);
            return Err(Refusal::new(INVALID_CONFIG, message));
        };
        let wrong = |expected: &str| {
            let message = format!("{}={value}: it is to be {expected}", config.name);
            Refusal::new(INVALID_CONFIG, message)
        };
        let number = || value.trim().parse::<i64>().ok().filter(|number| *number >= 0);
        match config.name.as_str() {
            "max.message.bytes" => {
                let bytes = number().filter(|bytes| *bytes <= i64::from(i32::MAX));
                settings.log.max_message_bytes =
                    bytes.ok_or_else(|| wrong("a number of bytes"))? as usize;
            }
            "message.timestamp.type" => {
                settings.log.timestamps = match value {
                    "CreateTime" => TimestampType::CreateTime,
                    "LogAppendTime" => TimestampType::LogAppendTime,
                    _ => return Err(wrong("CreateTime or LogAppendTime")),
                };
            }
            "message.timestamp.before.max.ms" => {
                settings.log.timestamp_before_max_ms =
                    number().ok_or_else(|| wrong("a number of milliseconds"))?;
            }
            "message.timestamp.after.max.ms" => {
                settings.log.timestamp_after_max_ms =
                    number().ok_or_else(|| wrong("a number of milliseconds"))?;
            }
            "cleanup.policy" => {
                let policies: Vec<_> = value.split(',').map(str::trim).collect();
                if !policies.iter().all(|policy| ["delete", "compact"].contains(policy)) {
                    return Err(wrong("delete, compact, or both"));
                }
                settings.deletes = policies.contains(&"delete");
                settings.log.compacted = policies.contains(&"compact");
            }
            name => {
                let Some(checked) = ignored::check(name, value) else {
                    let message = format!("Kafka's topics have no setting {name}");
                    return Err(Refusal::new(INVALID_CONFIG, message));
                };
                checked.map_err(|expected| wrong(&expected))?;
            }
        }
    }
    Ok(settings)
}

/// Returns the configs that have an effect here, formatted as in Kafka.
fn described(settings: &TopicSettings) -> Vec<(&'static str, String)> {
    let log = &settings.log;
    let cleanup = match (settings.deletes, log.compacted) {
        (true, true) => "compact,delete",
        (false, true) => "compact",
        (_, false) => "delete",
    };
    let timestamps = match log.timestamps {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    };
    vec![
        ("cleanup.policy", cleanup.to_owned()),
        ("max.message.bytes", log.max_message_bytes.to_string()),
        ("message.timestamp.after.max.ms", log.timestamp_after_max_ms.to_string()),
        ("message.timestamp.before.max.ms", log.timestamp_before_max_ms.to_string()),
        ("message.timestamp.type", timestamps.to_owned()),
    ]
}

impl Broker<'_> {
    /// Describes topics only; brokers have no configs here.
    pub(in crate::broker) fn describe_configs(
        &self,
        request: &DescribeConfigsRequest,
        error: Option<ErrorCode>,
    ) -> DescribeConfigsResponse {
        /// `ConfigSource`: set for this topic, or the default.
        const OF_TOPIC: i8 = 1;
        const DEFAULT: i8 = 5;
        let results = request.resources.iter().map(|resource| {
            let topic = self.cluster.topic(&resource.resource_name);
            let denied = self.denied.denied_error(ApiKey::DescribeConfigs, &resource.resource_name);
            let error = error.or(denied.filter(|_| resource.resource_type == TOPIC));
            let error_code = match (error, topic) {
                (Some(code), _) => code,
                (None, None) if resource.resource_type == TOPIC => {
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                }
                _ => ErrorCode::NONE,
            };
            let topic = topic.filter(|_| resource.resource_type == TOPIC && denied.is_none());
            let settings = topic.map(|topic| described(topic.settings())).unwrap_or_default();
            let defaults = described(&TopicSettings::default());
            let is_asked = |name: &str| {
                let asked = resource.configuration_keys.as_ref();
                asked.is_none_or(|keys| keys.iter().any(|key| key == name))
            };
            let configs = settings.into_iter().filter(|(name, _)| is_asked(name));
            DescribeConfigsResult {
                error_code,
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
                configs: configs
                    .map(|(name, value)| DescribeConfigsResourceResult {
                        name: name.to_owned(),
                        config_source: if defaults.contains(&(name, value.clone())) {
                            DEFAULT
                        } else {
                            OF_TOPIC
                        },
                        value: Some(value),
                        ..DescribeConfigsResourceResult::default()
                    })
                    .collect(),
                ..DescribeConfigsResult::default()
            }
        });
        DescribeConfigsResponse { results: results.collect(), ..DescribeConfigsResponse::default() }
    }
}
