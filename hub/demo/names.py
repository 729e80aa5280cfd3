"""What things and people are called in the demo: made up from lists, so a likeness to anybody is chance."""


def _each(*lines: str) -> tuple[str, ...]:
    """The words between the blanks."""
    return tuple(" ".join(lines).split())


PROVINCE, CITY = "示例省", "澜州市"
DISTRICTS = _each("云溪区 澜江区 青屏区 鹿鸣区 望湖区 松陵区 枫桥区 凤岭区 临澜区 东屏区 西屏区 听泉区")

PLACE_FIRST = "安永长新东南西北翠锦福华清明文德康仁和兴"
PLACE_SECOND = "平宁泰乐顺昌阳江湖山林园亭桥溪景台苑岭庆"
ESTATE_FIRST = _each(
    "翠湖 锦绣 阳光 金桂 书香 碧水 荷塘 枫林 滨江 悦澜 盛世 和谐 幸福 紫荆 梧桐 银杏 海棠 玉兰 星河",
    "春晓 秋实 南苑 北辰 东方 西园 纺织厂 机械厂 供销社 水利局 教师",
)
ESTATE_SECOND = _each("花园 家园 小区 新村 名邸 雅居 公寓 华庭 佳苑 一期 二期 宿舍")

SURNAMES = (  # the frequent ones first
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾"
    "丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段"
)
GIVEN_FIRST = "志文建国晓明海丽春秀玉桂红小永家俊德成金雅思宇子欣佳立学光振世少美淑凤兰月雪冬"
GIVEN_SECOND: tuple[str, ...] = (
    *"伟芳娜敏静强磊军洋勇艳杰娟涛超霞平刚英华慧鹏辉丹玲飞斌宁浩凯琳婷峰梅波云莉",
    *([""] * 8),
)

BRANDS = _each(
    "顺达 鑫源 安居 惠民 诚信 百佳 永辉堂 佳和 宏远 瑞丰 天益 同心 福满 嘉润 绿源 众合 康宁 美佳",
    "万家 乐邻 邻里 好帮手 老街坊 金穗 银河 长青 恒信 启明 新叶 远大",
)
SHOPS = _each("超市 便利店 药房 面馆 早餐店 水果店 理发店 洗衣店 五金店 书店 宠物店 快递驿站")
TRADES = _each("科技 商贸 建材 餐饮管理 文化传媒 机电工程 家政服务 环保设备")
UNITS = _each(
    "实验小学 第一中学 中心幼儿园 人民医院 社区卫生服务中心 供电所 图书馆 税务所 邮政支局",
    "农商银行支行",
)
CORPS = _each("助老服务团 法律服务团 医疗服务团 文艺服务团")
CIRCLES = _each("志愿服务队 巡逻志愿队 助老志愿队 环保志愿队 红马甲志愿队 邻里互助队")
SOCIETIES = _each("社会工作服务中心 老年协会 公益促进会 心理关爱中心")
DEPARTMENTS = _each(
    "住房和城乡建设局 城市管理局 公安分局 民政局 人力资源和社会保障局 卫生健康局 教育体育局",
    "市场监督管理局 生态环境分局 交通运输局 水务局 应急管理局",
)
HOUSING, CITY_CARE, POLICE, CIVIL, LABOUR, HEALTH, SCHOOLS, MARKET, NATURE, TRAFFIC, WATER, EMERGENCY = range(12)

RESOURCES = {
    "VENUE": _each("党群服务站会议室 议事厅 多功能活动室 周末开放的篮球场 老年食堂 停车场夜间错时车位 红色驿站"),
    "EQUIPMENT": _each("便民工具箱 轮椅和拐杖借用 音响和投影设备 应急抽水泵 自动体外除颤器 雨伞和充电宝"),
    "SERVICE": _each("免费理发 家电维修 法律咨询 义诊 水电小修 课后托管 心理疏导 上门送餐"),
    "PERSONNEL": _each("党员志愿者 退休教师 持证电工 医护人员 调解员 心理咨询师"),
    "FUNDS": _each("助学金 困难家庭慰问金 公益微基金 活动赞助"),
    "INFORMATION": _each("就业岗位信息 政策宣讲课件 防诈骗讲座 健康知识讲座"),
    "OTHER": _each("积分兑换礼品 旧衣回收箱 共享菜园"),
}
RESOURCE_TERMS = (
    "可预约，工作日 9:00—18:00。",
    "周末开放，先到先得。",
    "提前一天联系即可。",
    "每月第一个周六。",
    "长期有效，凭登记领取。",
)

ALLIANCES = {
    "BIG_PARTY_COMMITTEE": "大党委",
    "MERCHANTS": "商户党建联盟",
    "RED_PROPERTY": "红色物业联盟",
    "RED_BUSINESS": "红色商圈联盟",
    "JOINT_BUILDING": "联建共建联盟",
    "DISTRICT": "区域党建联盟",
    "OTHER": "邻里互助联盟",
}
PILLARS = ("组织联建", "资源联享", "活动联办", "治理联抓", "服务联动")
